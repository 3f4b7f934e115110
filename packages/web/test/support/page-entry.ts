/** The whole page over a home of memory. The test tells the scene before it loads. */
import type { FakeScene } from './fake-app.ts';
import { startFakePage } from './fake-page.ts';

void startFakePage((Reflect.get(globalThis, 'scene') ?? { conversations: [] }) as FakeScene);
