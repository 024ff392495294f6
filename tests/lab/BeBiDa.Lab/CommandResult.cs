namespace BeBiDa.Lab;

/// <summary>A command that ended.</summary>
public sealed record CommandResult(string Command, int ExitCode, string StandardOutput, string StandardError)
{
    /// <summary>This result, or an error with the command's own words when it failed.</summary>
    public CommandResult EnsureSucceeded() =>
        ExitCode == 0
            ? this
            : throw new LabException($"`{Command}` exited with {ExitCode}: {StandardError.Trim()} {StandardOutput.Trim()}".TrimEnd());
}
