import { linkKind, RefusedError } from '@tern/protocol';
import { openClientHome } from '../client-home.ts';
import type { Command } from '../context.ts';
import { line } from '../terminal-text.ts';

export const acceptCommand: Command = {
  words: ['accept'],
  operands: ['LINK'],
  about: 'say yes to an invitation',
  options: {},
  notes: ['You are in touch when both of you have been online since.'],
  async run(call, context) {
    const link = call.operand('LINK');
    if (linkKind(link) === 'relay')
      throw new RefusedError('not-an-invitation', 'this is the link of a relay: tern relay add LINK');
    if (linkKind(link) === undefined)
      throw new RefusedError('not-an-invitation', 'this is not an invitation; was the whole link copied?');
    await using opened = await openClientHome(context);
    const accepted = await opened.client.accept(link);
    switch (accepted.kind) {
      case 'own':
        throw new RefusedError('own-invitation', 'this invitation is your own; it is for somebody else');
      case 'expired':
        throw new RefusedError('expired-invitation', 'this invitation has expired; ask for a new one');
      case 'known':
        context.output.result(
          { kind: 'known', name: accepted.name, id: accepted.person },
          line`you and ${accepted.name} are in touch already`,
        );
        await opened.synchronise();
        return;
      case 'accepted': {
        const { name, person } = accepted;
        const { troubles } = await opened.synchronise({ expecting: [...refusals.keys()] });
        const refusal = troubles
          .map((trouble) => refusals.get(trouble.code))
          .find((words) => words !== undefined);
        if (refusal !== undefined) {
          await opened.client.removeContact(person);
          throw new RefusedError('refused-invitation', refusal);
        }
        context.output.result(
          { kind: 'accepted', name, id: person },
          line`accepted; you and ${name} are in touch when both have been online`,
        );
      }
    }
  },
};

/** What a relay says of an invitation that leads nowhere any more. */
const refusals: ReadonlyMap<string, string> = new Map([
  ['revoked', 'this invitation was revoked; ask for a new one'],
  ['spent', 'this invitation was used already; ask for a new one'],
  ['expired', 'this invitation has expired; ask for a new one'],
]);
