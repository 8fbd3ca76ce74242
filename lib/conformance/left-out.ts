/** A case as far as it matters for whether a store is asked it. */
interface Askable {
  readonly name: string
  readonly needs?: readonly string[]
}

export interface Division<C> {
  /** The cases that are run, in their order. */
  readonly asked: readonly C[]
  /** For want of what the others are left out, and how many they are. `undefined` when all are asked. */
  readonly title: string | undefined
  /** The cases that are left out: one line for all that want for the same, one for each that was named. */
  readonly lines: readonly string[]
}

/**
 * Parts the cases that a store is asked from those that it is not, and puts the latter into words: they are no tests
 * of this store, neither passed nor skipped, and the report says once which they are.
 *
 * @param words what each capability means, by name
 * @param skip reasons for leaving out single cases, by case name
 */
export function divide<C extends Askable>(
  cases: readonly C[],
  words: Readonly<Record<string, string>>,
  capabilities: readonly string[],
  skip: Readonly<Record<string, string>>,
): Division<C> {
  const asked: C[] = []
  const named: string[] = []
  const wanting = new Map<string, string[]>()
  const missing = new Set<string>()
  for (const item of cases) {
    const lacks = (item.needs ?? []).filter((need) => !capabilities.includes(need))
    if (Object.hasOwn(skip, item.name)) named.push(`left out (${skip[item.name]}): ${item.name}`)
    else if (lacks.length === 0) asked.push(item)
    else {
      for (const lack of lacks) missing.add(lack)
      const meaning = lacks.map((lack) => `${lack} (${words[lack]})`).join(' and ')
      wanting.set(meaning, [...(wanting.get(meaning) ?? []), item.name])
    }
  }
  const count = cases.length - asked.length
  const subjects = [...missing, ...(named.length > 0 ? [`${named.length} by name`] : [])]
  return {
    asked,
    title:
      count === 0
        ? undefined
        : `not asked of this store: ${subjects.join(', ')} (${count} of ${cases.length} cases)`,
    lines: [...[...wanting].map(([meaning, names]) => `without ${meaning}: ${names.join('; ')}`), ...named],
  }
}
