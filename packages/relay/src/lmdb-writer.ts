/**
 * The thread that writes: it applies one group after the other, each in one synchronous transaction with its sync inside, so that only
 * this thread waits for the disk. Started by `writer-thread.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { unpackChanges } from './change-list.ts';
import { scrubFile } from './file-scrub.ts';
import { openLmdbFile } from './lmdb-file.ts';
import type { WriterAnswer, WriterTask } from './writer-thread.ts';

const { path } = workerData as { readonly path: string };
const database = openLmdbFile(path);

async function perform(task: WriterTask): Promise<void> {
  switch (task.kind) {
    case 'commit':
      database.transactionSync(() => {
        for (const { key, value } of unpackChanges(task.changes)) {
          if (value === undefined) database.removeSync(key);
          else database.putSync(key, value);
        }
      });
      break;
    case 'scrub':
      await scrubFile(path, task.removed, (work) => database.transactionSync(work));
      break;
    case 'close':
      await database.close();
      parentPort?.close();
      break;
  }
}

function answer(told: WriterAnswer): void {
  parentPort?.postMessage(told, []);
}

parentPort?.on('message', (task: WriterTask) => {
  void perform(task).then(
    () => answer({ id: task.id }),
    (cause: unknown) => {
      const failure = cause instanceof Error ? cause.message : 'unknown';
      answer({ id: task.id, failure });
    },
  );
});
