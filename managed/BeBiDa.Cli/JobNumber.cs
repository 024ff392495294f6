using System.CommandLine;
using BeBiDa.Holds;

namespace BeBiDa.Cli;

/// <summary>A job as it is typed: <c>42</c>, or <c>42_7</c> for a task of an array whose tasks share one number.</summary>
/// <param name="Id">The job's number.</param>
/// <param name="Task">Its task; null for a job without.</param>
internal sealed record JobNumber(uint Id, uint? Task)
{
    /// <summary>The option <c>--job</c>.</summary>
    public static Option<JobNumber?> Option(bool required) =>
        new("--job", "-j")
        {
            Description = "Job ID (42), or array task (42_7) where the tasks share one ID",
            HelpName = "ID",
            Required = required,
            CustomParser = result =>
            {
                if (HoldKey.TryParseJob(result.Tokens[0].Value, out var id, out var task))
                    return new JobNumber(id, task);
                result.AddError($"--job: '{result.Tokens[0].Value}' is neither a job ID (42) nor an array task (42_7)");
                return null;
            },
        };
}
