import type { ProgramBody } from './visit'

/** Requests that call methods of the session and do not wait for them. */
export const sideBySide = {
  saveUnawaited: {
    sets: 1,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.called('save', () => {})
      v.end()
    },
  },
  saveBehindBack: {
    sets: 2,
    run: async (v) => {
      v.set(`a-${v.label}`)
      v.called('save', () => {})
      await v.pause()
      v.set(`b-${v.label}`)
      v.end()
    },
  },
  destroyUnawaited: {
    sets: 0,
    run: (v) => {
      v.called('destroy', () => {})
      v.end()
    },
  },
  saveTwice: {
    sets: 2,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.called('save', () => {})
      v.set(`b-${v.label}`)
      v.called('save', () => {})
      v.end()
    },
  },
  updateTwice: {
    sets: 2,
    run: async (v) => {
      await Promise.all([v.count(), v.count()])
      v.end()
    },
  },
  saveInUpdate: {
    sets: 1,
    run: async (v) => {
      v.set(`a-${v.label}`)
      await v.count(async (data) => {
        await v.method('save').catch(() => {})
        data.n = (data.n ?? 0) + 1
      })
      v.end()
    },
  },
  saveBesideDestroy: {
    sets: 1,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.begin('save')
      v.begin('destroy')
      v.end()
    },
  },
  destroyBesideSave: {
    sets: 0,
    run: (v) => {
      const { session } = v
      v.begin('destroy')
      v.begin('save', session)
      v.end()
    },
  },
  destroyBesideRegenerate: {
    sets: 1,
    run: (v) => {
      const { session } = v
      v.begin('destroy')
      v.begin('regenerate', session)
      v.end()
    },
  },
  regenerateUnawaited: {
    sets: 1,
    run: (v) => {
      v.begin('regenerate')
      v.end()
    },
  },
  saveBesideRegenerate: {
    sets: 2,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.begin('save')
      v.begin('regenerate')
      v.end()
    },
  },
  renewUnawaited: {
    sets: 1,
    renews: true,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.begin('renewId')
      v.end()
    },
  },
  renewTwice: {
    sets: 2,
    renews: true,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.begin('renewId')
      v.begin('renewId')
      v.end()
    },
  },
  saveBesideRenew: {
    sets: 2,
    renews: true,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.begin('save')
      v.begin('renewId')
      v.end()
    },
  },
  renewBesideDestroy: {
    sets: 1,
    renews: true,
    run: (v) => {
      v.begin('renewId')
      v.begin('destroy')
      v.end()
    },
  },
  updateBesideRenew: {
    sets: 2,
    renews: true,
    run: (v) => {
      v.count().catch((error) => v.errors.push(error))
      v.begin('renewId')
      v.end()
    },
  },
  updateBesideDestroy: {
    sets: 1,
    run: (v) => {
      v.count().catch((error) => v.errors.push(error))
      v.begin('destroy')
      v.end()
    },
  },
  reloadUnawaited: {
    sets: 0,
    run: (v) => {
      v.begin('reload')
      v.end()
    },
  },
  saveBesideReload: {
    sets: 1,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.begin('save')
      v.begin('reload')
      v.end()
    },
  },
} satisfies Record<string, ProgramBody>
