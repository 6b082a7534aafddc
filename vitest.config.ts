// Owns: where the plugin's tests are. The Rust tests under tests/ are not vitest's.
import {defineConfig} from 'vitest/config'

export default defineConfig({
  test: {
    include: ['plugin/test/**/*.test.ts'],
    // starting the real CLI a few times takes seconds on a busy machine
    testTimeout: 60_000,
  },
})
