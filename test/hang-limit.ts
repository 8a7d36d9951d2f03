/**
 * Milliseconds after which a command or a wait of a test counts as hung. No test may fail
 * because the machine is busy, so this is many times what any of them takes.
 */
export const hangLimit = 600_000;
