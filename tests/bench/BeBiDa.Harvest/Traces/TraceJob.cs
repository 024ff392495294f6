namespace BeBiDa.Harvest.Traces;

/// <summary>A job as a workload trace has it, before anybody has scheduled it.</summary>
/// <param name="Number">Its number in the trace; from 1.</param>
/// <param name="Submit">When it is submitted, from the trace's beginning.</param>
/// <param name="Runtime">How long it runs; above zero.</param>
/// <param name="Requested">The time limit that its user asks for; at least <paramref name="Runtime"/>.</param>
/// <param name="Nodes">How many whole nodes it takes; from 1.</param>
/// <param name="User">Its user's number; 0 in a trace without users.</param>
public sealed record TraceJob(int Number, TimeSpan Submit, TimeSpan Runtime, TimeSpan Requested, int Nodes, uint User = 0);
