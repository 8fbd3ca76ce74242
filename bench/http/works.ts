/** What the handler does with the session. */
export const WORKS = ['not touched', 'unchanged', 'changed', 'new visitor'] as const
export type Work = (typeof WORKS)[number]
