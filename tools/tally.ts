/** How many tests passed and failed, where whatever kept tests from running counts as a failure too. */
export type Tally = { readonly passed: number; readonly failed: number };

/**
 * @param report what vitest's JSON reporter wrote, or undefined if it wrote nothing
 * @param exitCode vitest's; null if a signal ended it
 */
export function tallyOf(report: unknown, exitCode: number | null): Tally {
  const files = listIn(report, 'testResults');
  const outcomes = files.map((file) =>
    listIn(file, 'assertionResults').map((test) => valueIn(test, 'status')),
  );
  const passed = outcomes.flat().filter((status) => status === 'passed').length;
  const failedTests = outcomes.flat().filter((status) => status === 'failed').length;
  // a file that could not be loaded, or whose set-up failed, failed without any of its tests having done so
  const failedFiles = files.filter(
    (file, index) => valueIn(file, 'status') === 'failed' && outcomes[index]?.includes('failed') !== true,
  ).length;
  const failed = failedTests + failedFiles;
  const isBroken = exitCode !== 0 || passed + failed === 0;
  return { passed, failed: isBroken && failed === 0 ? 1 : failed };
}

/** The line that says it all, the last one a test run prints. */
export function closingLine({ passed, failed }: Tally): string {
  return `${passed} passed, ${failed} failed`;
}

function valueIn(object: unknown, key: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, key) : undefined;
}

function listIn(object: unknown, key: string): readonly unknown[] {
  const value = valueIn(object, key);
  return Array.isArray(value) ? value : [];
}
