import type { Command } from './context.ts';
import { acceptCommand } from './commands/accept.ts';
import {
  blockCommand,
  contactsCommand,
  removeCommand,
  renameCommand,
  unblockCommand,
  unverifyCommand,
  verifyCommand,
} from './commands/contacts.ts';
import { diagnoseCommand } from './commands/diagnose.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { initCommand } from './commands/init.ts';
import { inviteCommand, inviteListCommand, inviteRevokeCommand } from './commands/invite.ts';
import { readCommand } from './commands/read.ts';
import { relayAddCommand, relayListCommand, relayRemoveCommand } from './commands/relay-list.ts';
import { relayRunCommand } from './commands/relay-run.ts';
import { runCommand } from './commands/run.ts';
import { saveCommand } from './commands/save.ts';
import { sendCommand } from './commands/send.ts';
import { whoamiCommand } from './commands/whoami.ts';

/** Every command there is, in the order of the help. */
export const commands: readonly Command[] = [
  initCommand,
  whoamiCommand,
  relayAddCommand,
  relayListCommand,
  relayRemoveCommand,
  inviteCommand,
  inviteListCommand,
  inviteRevokeCommand,
  acceptCommand,
  contactsCommand,
  verifyCommand,
  unverifyCommand,
  renameCommand,
  blockCommand,
  unblockCommand,
  removeCommand,
  sendCommand,
  readCommand,
  saveCommand,
  runCommand,
  diagnoseCommand,
  exportCommand,
  importCommand,
  relayRunCommand,
];
