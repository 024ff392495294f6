using System.Collections.Concurrent;
using System.Globalization;
using BeBiDa.Lab;
using CliWrap;
using CliWrap.Buffered;
using CommandResult = BeBiDa.Lab.CommandResult;

namespace BeBiDa.Containers;

/// <summary>The docker command, for the containers of one lab.</summary>
/// <param name="prefix">What their names begin with.</param>
/// <param name="host">DOCKER_HOST; empty for Docker's own default.</param>
internal sealed class Docker(string prefix, string host)
{
    private static readonly string s_enter = Path.Combine(PluginBuild.RepositoryRoot(), "tests", "lab", "containers", "enter.sh");

    // A machine that starts anew has another first process.
    private readonly ConcurrentDictionary<string, (int Pid, string Start)> _first = new();

    /// <summary>Runs <c>docker VERB … CONTAINER</c> on a machine's container.</summary>
    public async Task RunAsync(string machine, CancellationToken cancellationToken, params IReadOnlyList<string> verb) =>
        (await RunAsync([.. verb, prefix + machine], null, cancellationToken)).EnsureSucceeded();

    /// <summary>Runs a command in a machine, whatever its exit code.</summary>
    public async Task<CommandResult> ExecuteAsync(
        string machine,
        IReadOnlyList<string> command,
        string? user,
        string? input,
        CancellationToken cancellationToken
    )
    {
        var (first, found) = await FirstProcessAsync(machine, cancellationToken);
        // As docker exec does it, in a quarter of the time.
        var result =
            found.ExitCode == 0 ? await RunAsync(s_enter, [$"{first}", user ?? "root", .. command], input, null, cancellationToken) : found;
        return result with { Command = $"{machine}: {string.Join(' ', command)}" };
    }

    private async Task<(int Pid, CommandResult Found)> FirstProcessAsync(string machine, CancellationToken cancellationToken)
    {
        if (_first.TryGetValue(machine, out var known) && StartOf(known.Pid) == known.Start)
            return (known.Pid, new CommandResult("", 0, "", ""));
        var found = await RunAsync(["inspect", "--format", "{{.State.Pid}}", prefix + machine], null, cancellationToken);
        if (found.ExitCode != 0)
            return (0, found);
        var pid = int.Parse(found.StandardOutput, CultureInfo.InvariantCulture);
        if (StartOf(pid) is { } start)
            _first[machine] = (pid, start);
        return (pid, found);
    }

    // When it began (man 5 proc): a number may be another process's by now. Null for none.
    private static string? StartOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat").Split(") ", 2)[1].Split(' ')[19];
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>What a machine's first process wrote.</summary>
    public async Task<string> ReadOutputAsync(string machine, CancellationToken cancellationToken)
    {
        var result = (await RunAsync(["logs", prefix + machine], null, cancellationToken)).EnsureSucceeded();
        return result.StandardOutput + result.StandardError;
    }

    /// <summary>Runs a program of this host, whatever its exit code.</summary>
    public static async Task<CommandResult> RunAsync(
        string program,
        IReadOnlyList<string> words,
        string? input = null,
        string? host = null,
        CancellationToken cancellationToken = default
    )
    {
        var result = await Cli.Wrap(program)
            .WithArguments(words)
            .WithStandardInputPipe(input is null ? PipeSource.Null : PipeSource.FromString(input))
            .WithEnvironmentVariables(environment =>
            {
                if (host is { Length: > 0 })
                    environment.Set("DOCKER_HOST", host);
            })
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancellationToken);
        return new CommandResult($"{program} {string.Join(' ', words)}", result.ExitCode, result.StandardOutput, result.StandardError);
    }

    private Task<CommandResult> RunAsync(IReadOnlyList<string> words, string? input, CancellationToken cancellationToken) =>
        RunAsync("docker", words, input, host, cancellationToken);
}
