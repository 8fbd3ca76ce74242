import type { Program } from './visit'
import { LIFE } from './world'

/** What requests do with one session, each in the shape in which applications do it. */
const list = {
  read: {
    sets: 0,
    run: (v) => {
      v.look()
      v.end()
    },
  },
  slowRead: {
    sets: 0,
    run: async (v) => {
      v.look()
      await v.pause()
      v.look()
      v.end()
    },
  },
  set: {
    sets: 1,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.end()
    },
  },
  slowSet: {
    sets: 1,
    setsAfterAbort: 1,
    run: async (v) => {
      v.set(`a-${v.label}`)
      await v.pause()
      v.set(`b-${v.label}`)
      v.end()
    },
  },
  conflict: {
    sets: 1,
    run: (v) => {
      v.set('shared', v.label)
      v.end()
    },
  },
  pair: {
    sets: 1,
    run: (v) => {
      v.look()
      v.setPair()
      v.end()
    },
  },
  remove: {
    sets: 1,
    run: (v) => {
      v.remove('d')
      v.set(`a-${v.label}`)
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
  destroyUnawaited: {
    sets: 0,
    run: (v) => {
      v.called('destroy', () => {})
      v.end()
    },
  },
  unset: {
    sets: 0,
    run: (v) => {
      v.endedLines.add(v.world.lineOf(v.session.id))
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
  update: {
    sets: 1,
    run: async (v) => {
      await v.count()
      v.end()
    },
  },
  updateSlowly: {
    sets: 1,
    run: async (v) => {
      v.set(`a-${v.label}`)
      await v.count(async (data) => {
        const n = data.n ?? 0
        await v.pause()
        data.n = n + 1
      })
      v.end()
    },
  },
  updateAndSet: {
    sets: 2,
    setsAfterAbort: 1,
    run: async (v) => {
      const counted = v.count()
      v.set(`a-${v.label}`)
      await counted
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
  stream: {
    sets: 1,
    setsAfterAbort: 1,
    run: async (v) => {
      v.res.write('first')
      await v.pause()
      v.set(`a-${v.label}`)
      v.end()
    },
  },
  setThenStream: {
    sets: 2,
    setsAfterAbort: 1,
    run: async (v) => {
      v.set(`a-${v.label}`)
      v.res.write('first')
      await v.pause()
      v.set(`b-${v.label}`)
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
  remember: {
    sets: 1,
    run: (v) => {
      v.session.cookie.maxAge = v.world.longLifeMs
      // A new session that nothing else was put in is not saved.
      if (v.world.lineOf(v.session.id) === 'seed') v.note(LIFE, v.world.longLifeMs)
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
      const line = v.world.lineOf(v.session.id)
      v.asked++
      v.wantsEnd('regenerate', line)
      v.req.sessionStore.regenerate(v.req, (error: unknown) => {
        v.answered++
        if (error) return v.fail(error)
        v.endedLines.add(line)
        v.world.endedFor(line)
        v.set(`a-${v.label}`)
        return v.end()
      })
    },
  },
  events: {
    sets: 2,
    setsAfterAbort: 1,
    endless: true,
    run: async (v) => {
      v.res.write('first')
      v.set(`a-${v.label}`)
      await v.pause()
    },
  },
  newcomer: {
    sets: 1,
    visitor: true,
    run: (v) => {
      v.set(`a-${v.label}`)
      v.end()
    },
  },
} satisfies Record<string, Omit<Program, 'name'>>

export type ProgramName = keyof typeof list

export const PROGRAMS = Object.fromEntries(
  Object.entries(list).map(([name, program]) => [name, { name, ...program }]),
) as unknown as Record<ProgramName, Program>
