import type { VNode } from 'preact';
import { HindranceScreen, hindranceOf } from './screens/onboarding-hindrance.tsx';

/** The engine cannot run here, or broke: why, in words, and what to do. */
export function EngineTrouble({ code }: { readonly code: string }): VNode {
  return <HindranceScreen kind={code === 'other-version' ? 'taken-over' : hindranceOf(code)} code={code} />;
}
