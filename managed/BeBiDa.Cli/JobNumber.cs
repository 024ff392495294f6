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
            Description = "The job's number: whose hold it is; with its task, where the tasks of an array share one (42_7)",
            HelpName = "ID",
            Required = required,
            CustomParser = result =>
            {
                if (HoldKey.TryParseJob(result.Tokens[0].Value, out var id, out var task))
                    return new JobNumber(id, task);
                result.AddError($"--job: '{result.Tokens[0].Value}' is not the number of a job (42), nor of an array's task (42_7)");
                return null;
            },
        };
}
