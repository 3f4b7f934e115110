/* A load by itself: see `dialer-later.ts`. */
export { browserDialer } from '@tern/reach/browser';
