export { diagnose } from './diagnose.ts';
export type { Cause, CauseKind, Control, Diagnosis, Evidence, Passes, Way } from './diagnosis.ts';
export { networkRules } from './network-rules.ts';
export type { Observation } from './observation.ts';
export { wayRules } from './way-rules.ts';
export { probe, probeLimits } from './probe.ts';
export type { ProbeOptions, ProbeParts, ProbePort } from './probe.ts';
export { diagnosisEn } from './words.en.ts';
export { diagnosisRu } from './words.ru.ts';
