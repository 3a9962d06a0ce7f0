package io.pgbk.integration.race;

/**
 * What one run of a program cost.
 *
 * @param wallSeconds from start to end
 * @param cpuSeconds user and system time of the process and all its children
 * @param peakBytes the highest sum of the resident memory of the process and its children, sampled
 */
record Measurement(double wallSeconds, double cpuSeconds, long peakBytes) {}
