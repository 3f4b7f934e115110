import {
  hkdfExpand,
  hpkeKeyPair,
  hpkeOpen,
  MalformedError,
  openAcceptance,
  personIdOf,
  type Acceptance,
  type DeviceCertificate,
  type InvitationId,
  type PersonId,
} from '@tern/protocol';
import type { StoreView } from './client-store.ts';
import type { Engine } from './engine.ts';
import { acceptanceInfo, invitationTable, type InvitationRecord } from './invitation.ts';

/** An acceptance that was sealed to one of our invitations, with who sent it. */
export interface OpenedAcceptance {
  readonly id: InvitationId;
  readonly record: InvitationRecord;
  readonly acceptance: Acceptance;
  readonly sender: DeviceCertificate;
  readonly person: PersonId;
}

/** Tries our invitations, newest first. @returns undefined for what was sealed to none of them or is not whole */
export async function openAcceptanceEntry(
  engine: Engine,
  view: StoreView,
  body: Uint8Array,
): Promise<OpenedAcceptance | undefined> {
  const { primitives } = engine;
  for (const [key, record] of await invitationTable.list(view, '')) {
    const id = key as InvitationId;
    const padded = hpkeOpen(
      primitives,
      hpkeKeyPair(primitives, record.sealingSeed),
      body,
      acceptanceInfo(id),
    );
    if (padded === undefined || padded.length < 4) continue;
    const length = new DataView(padded.buffer, padded.byteOffset, 4).getUint32(0);
    if (length > padded.length - 4) return undefined;
    try {
      const opened = openAcceptance(primitives, padded.subarray(4, 4 + length));
      if (opened === undefined || opened.acceptance.invitation !== id) return undefined;
      return { id, record, ...opened, person: personIdOf(primitives, opened.sender.rootKey) };
    } catch (error) {
      if (error instanceof MalformedError) return undefined;
      throw error;
    }
  }
  return undefined;
}

/** The same acceptance sent twice counts once. */
export function acceptanceName(engine: Engine, opened: OpenedAcceptance): Uint8Array {
  return hkdfExpand(engine.primitives, opened.acceptance.meeting, opened.sender.deviceKey, 32);
}
