import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** How much later than it should the engine did what it did, in milliseconds. */
export interface Lag {
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Collects lateness; what is below a microsecond counts as one. */
export class LagMeter {
  readonly #histogram: RecordableHistogram = createHistogram();

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1000)));
  }

  read(): Lag {
    const histogram = this.#histogram;
    if (histogram.count === 0) return { samples: 0, p50: 0, p99: 0, max: 0 };
    return {
      samples: histogram.count,
      p50: histogram.percentile(50) / 1000,
      p99: histogram.percentile(99) / 1000,
      max: histogram.max / 1000,
    };
  }

  reset(): void {
    this.#histogram.reset();
  }
}
