using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace BeBiDa.Lab;

/// <summary>One daemon of the lab, in the foreground of a session of its own.</summary>
public sealed class Daemon
{
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private readonly IReadOnlyList<string> _command;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly string _directory;
    private readonly TimeSpan _patience;
    private readonly NotifySocket? _notify;
    private Process? _process;

    internal Daemon(
        string name,
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string> environment,
        string directory,
        string logPath,
        string outputPath,
        TimeSpan patience,
        NotifySocket? notify = null
    )
    {
        Name = name;
        LogPath = logPath;
        OutputPath = outputPath;
        _command = command;
        _environment = environment;
        _directory = directory;
        _patience = patience;
        _notify = notify;
    }

    public string Name { get; }

    /// <summary>The process started last, or the one that it has handed over to.</summary>
    public int ProcessId => _notify?.MainProcess ?? _process?.Id ?? throw new InvalidOperationException($"{Name} was never started.");

    public bool IsRunning
    {
        get
        {
            var running = _process is { HasExited: false };
            // One that has ended may have named another before.
            for (var seen = 0; !running && _notify?.MainProcess is { } process && process != seen; seen = process)
                running = Exists(process);
            return running;
        }
    }

    /// <summary>The file that the daemon itself logs to; one file over all its starts.</summary>
    public string LogPath { get; }

    /// <summary>What it wrote to stdout and stderr: the word of a runtime or a sanitizer that ended it.</summary>
    public string OutputPath { get; }

    public string ReadLog() => ReadShared(LogPath);

    public string ReadOutput() => ReadShared(OutputPath);

    /// <summary>Waits until the log holds a match.</summary>
    public async Task<Match> WaitForLogAsync(Regex pattern, CancellationToken cancellationToken = default)
    {
        Match match = Match.Empty;
        await Eventually.HoldsAsync(
            $"{Name} logs /{pattern}/",
            _patience,
            _ => Task.FromResult((match = pattern.Match(ReadLog())).Success),
            cancellationToken
        );
        return match;
    }

    /// <inheritdoc cref="WaitForLogAsync(Regex, CancellationToken)"/>
    public Task<Match> WaitForLogAsync(string pattern, CancellationToken cancellationToken = default) =>
        WaitForLogAsync(new Regex(pattern, RegexOptions.Multiline), cancellationToken);

    internal void Start()
    {
        if (IsRunning)
            throw new InvalidOperationException($"{Name} already runs.");
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = _directory };
        // Each of these replaces the one before, so that the process we start is the daemon in the end. The
        // environment is set last: what is preloaded is preloaded into the daemon alone. A session of its
        // own keeps a terminal's Ctrl-C from it, so that the lab ends in order.
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("""output=$1; shift; exec setsid env "$@" </dev/null >>"$output" 2>&1""");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(OutputPath);
        foreach (var (name, value) in _environment)
            start.ArgumentList.Add($"{name}={value}");
        foreach (var word in _command)
            start.ArgumentList.Add(word);
        // Whoever asks meanwhile is told of the one before.
        var before = _process;
        _notify?.Forget();
        _process = Process.Start(start) ?? throw new LabException($"{Name} could not be started.");
        before?.Dispose();
    }

    /// <summary>SIGTERM, and SIGKILL where that is not enough; true when SIGTERM was.</summary>
    public async Task<bool> StopAsync(TimeSpan bound, CancellationToken cancellationToken = default)
    {
        if (!IsRunning)
            return true;
        _ = Signal(ProcessId, SigTerm);
        try
        {
            await EndAsync(bound, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            await KillAsync(CancellationToken.None);
            return false;
        }
    }

    internal async Task KillAsync(CancellationToken cancellationToken)
    {
        if (!IsRunning)
            return;
        _ = Signal(ProcessId, SigKill);
        await EndAsync(_patience, cancellationToken);
    }

    private Task EndAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        Eventually.HoldsAsync($"{Name} has ended", patience, _ => Task.FromResult(!IsRunning), cancellationToken);

    /// <summary>Has all its threads stand still, until it is resumed or killed.</summary>
    internal async Task SuspendAsync(CancellationToken cancellationToken)
    {
        _ = Signal(ProcessId, SigStop);
        await Eventually.HoldsAsync(
            $"{Name} stands still",
            _patience,
            _ => Task.FromResult(!IsRunning || ThreadStates().All(state => state == 'T')),
            cancellationToken
        );
    }

    /// <summary>Lets it go on, if it is still there.</summary>
    internal void Resume()
    {
        if (IsRunning)
            _ = Signal(ProcessId, SigCont);
    }

    private IEnumerable<char> ThreadStates() => ThreadStates(ProcessId);

    // proc(5): the state follows the command, which is in parentheses and may hold any.
    private static IEnumerable<char> ThreadStates(int process) =>
        ThreadFiles.Read(process, "stat").Select(stat => stat[stat.LastIndexOf(')') + 2]);

    // A zombie waits for no more than its parent's attention; but the first thread is one as soon as it has ended itself.
    private static bool Exists(int process)
    {
        try
        {
            return ThreadStates(process).Any(state => state != 'Z');
        }
        catch (IOException)
        {
            return Directory.Exists($"/proc/{process}/task");
        }
    }

    private static string ReadShared(string path)
    {
        if (!File.Exists(path))
            return "";
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Signal(int process, int signal);
}
