/** What hangs on few messages and conversations. It comes when it is first needed, after the first words are there to be read. */
export { AimBar } from '../composer/aim-bar.tsx';
export { DropOverlay } from '../composer/drop-overlay.tsx';
export { TooLong } from '../composer/too-long.tsx';
export { ConversationBanner } from './conversation-banner.tsx';
export { Failed } from './failed.tsx';
export { FileCard } from './file-card.tsx';
export { Picture } from './picture.tsx';
export { QuietLine } from './quiet-line.tsx';
export { Reactions } from './reactions.tsx';
