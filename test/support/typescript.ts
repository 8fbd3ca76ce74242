/**
 * Flags of Node.js for a process of its own that runs TypeScript. tsx's hook for CommonJS alone needs no thread for ES
 * modules, so that it starts in half of the time.
 */
export const TYPESCRIPT: readonly string[] = ['--require', require.resolve('tsx/cjs')]
