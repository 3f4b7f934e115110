/** The menus. They come together, when the first of them is opened. */
export { AttachMenu } from './composer/attach-menu.tsx';
export { MessageMenu } from './conversation/message-menu.tsx';
export { HeadMenu } from './list/head-menu.tsx';
export { ListMenu } from './list/list-menu.tsx';
