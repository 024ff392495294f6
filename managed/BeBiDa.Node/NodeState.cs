using System.Globalization;
using BeBiDa.Configuration;

namespace BeBiDa.Node;

/// <summary>
/// What must be remembered between prolog and epilog, in files below /run, so that a reboot forgets it as it ends the jobs:
/// the jobs on the node, the services that were stopped for them, the cgroups that were frozen, and until when the node is kept
/// for the next job. Whoever holds the lock may change it. bebida-recover.path and bebida-linger.path watch these files.
/// </summary>
/// <param name="directory">Its folder.</param>
internal sealed class NodeState(string directory)
{
    /// <summary>Where it is on every node; the shim reads a job's notice there too.</summary>
    public const string DefaultDirectory = "/run/bebida";

    private const int WouldBlock = 11; // EWOULDBLOCK of flock(2), as .NET passes it on

    // Root's alone: who can read a file can lock it (flock(2) asks for no more), and no job would start here any more.
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateFolder = Private | UnixFileMode.UserExecute;

    private string Jobs => Path.Combine(directory, "jobs");

    private string Stopped => Path.Combine(directory, "stopped");

    private string Frozen => Path.Combine(directory, "frozen");

    private string Linger => Path.Combine(directory, "linger");

    private string NextTry => Path.Combine(directory, "next-try");

    private string Environment => Path.Combine(directory, "environment");

    /// <summary>Whether there is something to undo: a job is recorded, a service stopped, a cgroup frozen.</summary>
    public bool NeedsRecovery => ReadNotes().Any() || File.Exists(Stopped) || File.Exists(Frozen);

    /// <summary>Takes the lock that all prologs and epilogs of this node share.</summary>
    /// <param name="limit">How long to wait for it.</param>
    /// <returns>What releases it when disposed; the end of this process does too.</returns>
    /// <exception cref="TimeoutException">Another one has it for longer.</exception>
    /// <exception cref="ConfigurationException">Others could have written what is remembered here.</exception>
    public IDisposable Lock(TimeSpan limit)
    {
        var path = Path.Combine(directory, "lock");
        MakeFolders();
        FileStream? held = null;
        var cause = "";
        return Polling.Until(() => TryLock(path, out held, ref cause), limit)
            ? held!
            : throw new TimeoutException(Problems.Locked(path, cause));
    }

    // Not shared: .NET takes flock(2) for it.
    private static bool TryLock(string path, out FileStream? held, ref string cause)
    {
        held = null;
        try
        {
            held = new FileStream(
                path,
                new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    Share = FileShare.None,
                    UnixCreateMode = Private,
                }
            );
            return true;
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            cause = e.Message;
            return false;
        }
    }

    /// <summary>The jobs whose prolog has run here and whose epilog has not.</summary>
    public IReadOnlyList<uint> ReadJobs() => [.. ReadNotes().Select(note => note.Job)];

    /// <summary>The same, each with when it was noted: what makes a job that has come anew another one.</summary>
    public IReadOnlyList<(uint Job, DateTime Noted)> ReadNotes() =>
        Directory.Exists(Jobs)
            ?
            [
                .. Directory
                    .EnumerateFiles(Jobs)
                    .Select(file =>
                        (
                            Job: uint.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var job)
                                ? job
                                : 0,
                            Noted: File.GetLastWriteTimeUtc(file)
                        )
                    )
                    .Where(note => note.Job > 0)
                    .OrderBy(note => note.Job),
            ]
            : [];

    /// <summary>Notes that a job is here.</summary>
    /// <param name="job">Its number.</param>
    /// <param name="notice">One line for its user; empty for none.</param>
    public void AddJob(uint job, string notice) => Write(JobFile(job), notice.Length > 0 ? [notice] : []);

    /// <summary>Notes that a job has left; nothing when it was not here.</summary>
    /// <returns>Whether it was.</returns>
    public bool RemoveJob(uint job)
    {
        var wasHere = File.Exists(JobFile(job));
        File.Delete(JobFile(job));
        return wasHere;
    }

    /// <summary>Notes that a job has left, unless it was noted anew since then.</summary>
    /// <returns>Whether it was.</returns>
    public bool RemoveJob(uint job, DateTime noted) => File.GetLastWriteTimeUtc(JobFile(job)) == noted && RemoveJob(job);

    /// <summary>The services that were stopped and not yet started again, in the order of being stopped.</summary>
    public IReadOnlyList<string> ReadStopped() => Read(Stopped);

    /// <summary>Notes a service that is about to be stopped.</summary>
    public void AddStopped(string unit)
    {
        var stopped = ReadStopped();
        if (!stopped.Contains(unit))
            Write(Stopped, [.. stopped, unit]);
    }

    /// <summary>Notes that a service needs nothing of us any more.</summary>
    public void RemoveStopped(string unit) => Write(Stopped, [.. ReadStopped().Where(other => other != unit)], orDelete: true);

    /// <summary>The cgroups that a prolog has frozen.</summary>
    public IReadOnlyList<string> ReadFrozen() => Read(Frozen);

    /// <summary>Notes cgroups that are about to be frozen; none when they are thawed.</summary>
    public void WriteFrozen(IReadOnlyList<string> groups) => Write(Frozen, groups, orDelete: true);

    /// <summary>Until when this node is kept for the next job; null when it is not.</summary>
    public DateTimeOffset? ReadLinger() =>
        !File.Exists(Linger) ? null
        : Read(Linger) is [var end] && TryReadTime(end, out var time) ? time
        : DateTimeOffset.MinValue;

    /// <summary>Notes it; null when it is kept no more.</summary>
    public void WriteLinger(DateTimeOffset? end) => Write(Linger, end is { } time ? [Format(time)] : [], orDelete: true);

    /// <summary>Whether something is said for the first time since the node was booted.</summary>
    /// <param name="what">A name for it.</param>
    public bool IsFirst(string what)
    {
        var said = Path.Combine(directory, $"said-{what}");
        var isFirst = !File.Exists(said);
        if (isFirst)
            Write(said, []);
        return isFirst;
    }

    /// <summary>When recovery looks again, and how long a pause that was; null for at once.</summary>
    public (DateTimeOffset Time, TimeSpan Pause)? ReadNextTry() =>
        Read(NextTry) is [var time, var pause]
        && TryReadTime(time, out var at)
        && TimeSpan.TryParseExact(pause, "c", CultureInfo.InvariantCulture, out var length)
            ? (at, length)
            : null;

    /// <summary>Notes it; null when nothing is to be recovered.</summary>
    public void WriteNextTry((DateTimeOffset Time, TimeSpan Pause)? next) =>
        Write(
            NextTry,
            next is { } given ? [Format(given.Time), given.Pause.ToString("c", CultureInfo.InvariantCulture)] : [],
            orDelete: true
        );

    /// <summary>Notes where slurmd has its configuration and ours, for who comes without it: an EnvironmentFile of systemd.exec(5).</summary>
    public void WriteEnvironment(IReadOnlyDictionary<string, string> variables) =>
        Write(Environment, [.. variables.Select(variable => $"{variable.Key}=\"{Escape(variable.Value)}\"")]);

    private static string Format(DateTimeOffset time) => time.ToString("O", CultureInfo.InvariantCulture);

    private static bool TryReadTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private static string Escape(string value) => string.Concat(value.Select(c => c is '"' or '\\' or '`' or '$' ? $"\\{c}" : $"{c}"));

    private string JobFile(uint job) => Path.Combine(Jobs, job.ToString(CultureInfo.InvariantCulture));

    // What is written here is done as root: units are started, cgroups thawed.
    private void MakeFolders()
    {
        foreach (var folder in new[] { directory, Jobs })
        {
            Directory.CreateDirectory(folder, PrivateFolder);
            TrustedFile.RefuseOpenFolder(folder, $"rm -r {directory}; then start the services that are stopped");
            File.SetUnixFileMode(folder, PrivateFolder);
        }
    }

    private static string[] Read(string path) => File.Exists(path) ? [.. File.ReadAllLines(path).Where(line => line.Length > 0)] : [];

    // Whole or not at all, whenever this process is killed.
    private void Write(string path, IReadOnlyList<string> lines, bool orDelete = false)
    {
        if (orDelete && lines.Count == 0)
        {
            if (File.Exists(path))
                File.Delete(path);
            return;
        }
        var draft = Path.Combine(directory, Path.GetFileName(path) + ".new");
        File.WriteAllLines(draft, lines);
        File.SetUnixFileMode(draft, Private);
        File.Move(draft, path, overwrite: true);
    }
}
