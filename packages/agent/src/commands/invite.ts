import type { InvitationView } from '@tern/core';
import { RefusedError } from '@tern/protocol';
import { renderUnicodeCompact } from 'uqr';
import { openClientHome } from '../client-home.ts';
import { wholeNumber } from '../command-line.ts';
import type { Command } from '../context.ts';
import { line } from '../terminal-text.ts';
import { shortId } from '../who.ts';

export const inviteCommand: Command = {
  words: ['invite'],
  operands: [],
  about: 'a link for somebody to reach you; good for 7 days',
  options: {
    uses: { value: 'N', about: 'how many people may use it (default 1)' },
    qr: { about: 'also as a picture to scan' },
  },
  notes: ['You are in touch when they have accepted it and both of you have been online since.'],
  async run(call, context) {
    const uses = call.value('uses');
    const options =
      uses === undefined
        ? {}
        : { uses: wholeNumber(inviteCommand, 'uses', { text: uses, from: 1, to: 1000 }) };
    await using opened = await openClientHome(context);
    const invitation = await opened.client.invite(options);
    const qr = call.flag('qr') ? [renderUnicodeCompact(invitation.link, { border: 2 })] : [];
    context.output.result(invitationObject(invitation), [...qr, line`${invitation.link}`].join('\n'));
    await opened.synchronise();
  },
};

export const inviteListCommand: Command = {
  words: ['invite', 'list'],
  operands: [],
  about: 'the invitations you made, and what became of them',
  options: {},
  async run(_call, context) {
    await using opened = await openClientHome(context);
    await opened.synchronise();
    for (const invitation of await opened.client.invitations()) {
      context.output.result(
        invitationObject(invitation),
        line`${shortId(invitation.id)}  ${invitation.state}, used ${invitation.used} of ${invitation.uses}, until ${new Date(invitation.notAfter).toISOString().slice(0, 16)}Z  ${invitation.link}`,
      );
    }
  },
};

export const inviteRevokeCommand: Command = {
  words: ['invite', 'revoke'],
  operands: ['ID'],
  about: 'nobody can use that invitation any more; ID is its first 8 characters, or all',
  options: {},
  async run(call, context) {
    await using opened = await openClientHome(context);
    const id = call.operand('ID');
    const found = (await opened.client.invitations()).find(
      (one) => id.length >= 8 && one.id.startsWith(id.toLowerCase()),
    );
    if (!(await opened.client.revokeInvitation(id))) {
      throw new RefusedError(
        'unknown-invitation',
        `no single invitation of yours is "${id}" (tern invite list shows them)`,
      );
    }
    context.output.result(
      { id: found?.id ?? id, state: 'revoked' },
      line`invitation ${shortId(id)} is revoked`,
    );
    await opened.synchronise();
  },
};

function invitationObject(invitation: InvitationView): Readonly<Record<string, unknown>> {
  return { ...invitation, notAfter: new Date(invitation.notAfter).toISOString() };
}
