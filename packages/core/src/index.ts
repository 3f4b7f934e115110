export { byKey, ChangeBuffer, GuardedView, placeId, unixDay } from './change-buffer.ts';
export type { PlaceWrites, WrittenRecord } from './change-buffer.ts';
export { largestStoreValueBytes, longestStoreKey, StorageError } from './client-store.ts';
export type { ClientStore, Place, StoreChange, StoreRecord, StoreView } from './client-store.ts';
export { memoryStore } from './memory-store.ts';
export { StoreNudges } from './store-nudges.ts';
export { taskScope } from './task-scope.ts';
export type { TaskScope } from './task-scope.ts';
export { Turns } from './turns.ts';
export { beginAnew } from './begin-anew.ts';
export type {
  Accepted,
  Client,
  ContactView,
  ConversationView,
  FileSource,
  FileView,
  GapView,
  InvitationView,
  Me,
  MessageStatus,
  MessageView,
  PictureView,
  RelayView,
  SendFileOptions,
  SyncReport,
  Trouble,
} from './client.ts';
export type { Connecting } from './client-connecting.ts';
export type { Conversing } from './client-conversing.ts';
export type { Notice } from './conversation.ts';
export type {
  ConnectionView,
  ConversationFlags,
  ConversationSummary,
  ConversationWindow,
  LastMessage,
  NoticeView,
  SearchHit,
  TransferView,
  WindowLine,
} from './views.ts';
export type { EngineParts } from './engine.ts';
export { openClient } from './open-client.ts';
export { groupPrimitivesOver } from './group-primitives.ts';
export type { GroupPrimitives } from './group-primitives.ts';
export { largestExportBytes } from './export-seal.ts';
export type { Argon2id, Argon2idInput, ExportCost } from './export-seal.ts';
export { exportHome, importHome, unsentBecause } from './portable.ts';
export type { Imported } from './portable.ts';
export { safetyNumberWith } from './safety-number.ts';
