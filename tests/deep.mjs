// Owns: `npm run test:deep`: what takes too long for every change. 100,000 random calendars against the brute force,
// with the release build; CALENDAR_CASES and CALENDAR_SEED choose others.
import {cargo, leaveOnSignals} from './setup.mjs'

leaveOnSignals()
process.env['CALENDAR_CASES'] ??= '100000'
process.exitCode = await cargo(['test', '--release', '--test', 'cli', 'calendars::property', '--', '--nocapture'])
