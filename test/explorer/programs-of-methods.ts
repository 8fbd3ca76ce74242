import type { ProgramBody } from './visit'

/** Requests that call methods of the session, and wait for each. */
export const methods = {
  touch: {
    sets: 0,
    run: (v) => {
      v.session.touch()
      v.end()
    },
  },
  saveThenSet: {
    sets: 2,
    run: async (v) => {
      v.set(`a-${v.label}`)
      await v.method('save')
      v.set(`b-${v.label}`)
      v.end()
    },
  },
  destroy: {
    sets: 0,
    run: async (v) => {
      await v.method('destroy')
      v.end()
    },
  },
  destroyCalled: {
    sets: 0,
    run: (v) => {
      v.called('destroy', (error) => (error ? v.fail(error) : v.end()))
    },
  },
  unset: {
    sets: 0,
    run: (v) => {
      v.endedLines.add(v.world.lines.of(v.session.id))
      v.req.session = null
      v.end()
    },
  },
  regenerate: {
    sets: 1,
    setsAfterAbort: 1,
    run: async (v) => {
      await v.method('regenerate')
      v.set(`a-${v.label}`)
      v.end()
    },
  },
  login: {
    sets: 1,
    setsAfterAbort: 1,
    run: (v) => {
      v.called('regenerate', (failed) => {
        if (failed) return v.fail(failed)
        v.set(`a-${v.label}`)
        return v.called('save', (error) => (error ? v.fail(error) : v.end()))
      })
    },
  },
  renew: {
    sets: 1,
    renews: true,
    run: async (v) => {
      await v.method('renewId')
      v.end()
    },
  },
  setRenewSet: {
    sets: 2,
    renews: true,
    run: async (v) => {
      v.set(`a-${v.label}`)
      await v.method('renewId')
      v.set(`b-${v.label}`)
      v.end()
    },
  },
  reloadThenSet: {
    sets: 1,
    run: async (v) => {
      await v.method('reload')
      v.look()
      v.set(`a-${v.label}`)
      v.end()
    },
  },
  saveAfterEnd: {
    sets: 1,
    run: async (v) => {
      v.end()
      await v.pause()
      if (!v.session) return
      v.set(`a-${v.label}`)
      await v.method('save').catch((error) => v.errors.push(error))
    },
  },
  staleReference: {
    sets: 1,
    setsAfterAbort: 1,
    run: async (v) => {
      const { session } = v
      await v.method('regenerate')
      session.ghost = v.label
      await session.save().catch(() => {})
      v.set(`a-${v.label}`)
      v.end()
    },
  },
  renewThenDestroy: {
    sets: 1,
    renews: true,
    run: async (v) => {
      await v.method('renewId')
      await v.method('destroy')
      v.end()
    },
  },
  storeRegenerate: {
    sets: 1,
    setsAfterAbort: 1,
    run: (v) => {
      const line = v.world.lines.of(v.session.id)
      v.methods.ask()
      const end = v.wantsEnd('regenerate', line)
      v.req.sessionStore.regenerate(v.req, (error: unknown) => {
        v.methods.answer()
        if (error) return v.fail(error)
        v.done('regenerate', line, 0, end)
        v.set(`a-${v.label}`)
        return v.end()
      })
    },
  },
} satisfies Record<string, ProgramBody>
