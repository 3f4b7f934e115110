export type { AppApi } from './engine/app-api.ts';
