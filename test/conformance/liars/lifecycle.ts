import { setImmediate as later } from 'node:timers/promises'
import type { Entry, StoreKey } from '../../../lib/backend/contract'
import { ReferenceBackend } from '../../support/reference-backend'
import { LaterBackend } from './later-backend'
import type { Liar } from './liar'

/** Wrong about being down and being closed. */
export const lifecycleLiars: Record<string, Liar<typeof ReferenceBackend>> = {
  'forgets everything when it is closed': {
    Liar: class extends ReferenceBackend {
      override close() {
        super.close()
        this.data.entries.clear()
      }
    },
    caughtBy: ['data outlive the backend that wrote them'],
  },
  'says absent when it cannot tell': {
    Liar: class extends ReferenceBackend {
      override read(key: StoreKey) {
        return this.data.down ? undefined : super.read(key)
      }
    },
    caughtBy: [
      'a store that cannot tell gives an error, never an answer',
      'a store that was down recovers by itself, however often',
    ],
  },
  'stays down once it was down': {
    Liar: class extends ReferenceBackend {
      #failed = false
      protected override mustWork() {
        this.#failed ||= this.data.down
        if (this.#failed) throw new Error('broken')
        super.mustWork()
      }
    },
    caughtBy: ['a store that was down recovers by itself, however often'],
  },
  'tells each loss twice': {
    Liar: class extends ReferenceBackend {
      override watch(onDown: () => void, onUp: () => void) {
        super.watch(() => {
          onDown()
          onDown()
        }, onUp)
      }
    },
    caughtBy: ['the store above is told once of each loss and of each recovery'],
  },
  'cannot be closed twice': {
    Liar: class extends ReferenceBackend {
      override close() {
        if (this.closed) throw new Error('already closed')
        super.close()
      }
    },
    caughtBy: ['close may be called twice, also at once'],
  },
  'goes on after close': {
    Liar: class extends ReferenceBackend {
      override close() {}
    },
    caughtBy: ['a call after close fails with ERR_SESSION_CLOSED'],
  },
  'acknowledges writes that it drops when it is closed': {
    Liar: class extends LaterBackend {
      override async create(key: StoreKey, entry: Entry) {
        const free = !this.live(key)
        await later()
        if (free && !this.closed) this.write(key, entry)
        return free
      }
    },
    caughtBy: ['a write that was begun before close is done or fails, and close waits for it'],
  },
  'closes the client that it was given': {
    Liar: class extends ReferenceBackend {
      override close() {
        super.close()
        this.data.down = true
      }
    },
    caughtBy: ['a client that was given stays open after close'],
  },
}
