// Owns: where the tests are that vitest runs. The Rust tests under tests/ are not among them.
import {defineConfig} from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {include: ['plugin/test/**/*.test.ts'], name: 'plugin', sequence: {groupOrder: 0}},
      },
      {
        extends: true,
        test: {
          globalSetup: 'tests/e2e/built.mjs',
          include: ['tests/e2e/**/*.test.mjs'],
          // they mostly wait: for dynos to boot, for processes to end
          maxWorkers: 4,
          name: 'e2e',
          // after those of the plugin, which build it anew
          sequence: {groupOrder: 1},
        },
      },
      {
        extends: true,
        test: {include: ['tests/packages/**/*.test.mjs'], maxWorkers: 3, name: 'packages', sequence: {groupOrder: 2}},
      },
    ],
    // starting the real CLI a few times takes seconds on a busy machine
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
