/** A store with one wrong idea, of a kind that real stores have had, and the cases that must find it out. */
export interface Liar<Kind> {
  Liar: Kind
  /** Names of cases; others may find it out too. */
  caughtBy: string[]
}
