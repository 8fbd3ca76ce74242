/** Whose records are whose. */
export class ByOwner<T extends { owner: string | undefined }> {
  readonly #owners = new Map<string, Set<T>>()

  of(owner: string): T[] {
    return [...(this.#owners.get(owner) ?? [])]
  }

  /** @param owner whose the record is from now on; `undefined`: nobody's */
  move(record: T, owner: string | undefined): void {
    if (record.owner !== undefined) {
      const records = this.#owners.get(record.owner)
      records?.delete(record)
      if (records?.size === 0) this.#owners.delete(record.owner)
    }
    record.owner = owner
    if (owner === undefined) return
    const records = this.#owners.get(owner)
    if (records) records.add(record)
    else this.#owners.set(owner, new Set([record]))
  }

  clear(): void {
    this.#owners.clear()
  }
}
