export * from './arbitrary.ts';
export * from './mutation.ts';
