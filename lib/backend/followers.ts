import type { StoreKey } from './contract'
import type { News, NewsListener } from './news'

/** Those who follow a backend in this process, each with the keys that it wants to hear of. */
export class Followers {
  readonly #followers = new Set<{ readonly prefix: string; readonly listener: NewsListener }>()

  /** Asked before each telling, so that a write pays for it only where somebody follows. */
  get some(): boolean {
    return this.#followers.size > 0
  }

  /** @returns what ends it */
  add(prefix: string, listener: NewsListener): () => void {
    const follower = { prefix, listener }
    this.#followers.add(follower)
    return () => {
      this.#followers.delete(follower)
    }
  }

  tell(news: Exclude<News, 'gap'>): void {
    for (const { prefix, listener } of this.#followers) if (startsWith(news.key, prefix)) listener(news)
  }

  tellGap(): void {
    for (const { listener } of this.#followers) listener('gap')
  }

  clear(): void {
    this.#followers.clear()
  }
}

function startsWith(key: StoreKey, prefix: string): boolean {
  return prefix === '' || key.startsWith(prefix)
}
