using System.Diagnostics;
using System.Globalization;

namespace BeBiDa.Node;

/// <summary>
/// What must be remembered between prolog and epilog, in files below /run, so that a reboot forgets it as it ends the jobs:
/// the jobs on the node, and the services that were stopped for them. Whoever holds the lock may change it.
/// </summary>
/// <param name="directory">Its folder.</param>
internal sealed class NodeState(string directory)
{
    /// <summary>Where it is on every node; the shim reads a job's notice there too.</summary>
    public const string DefaultDirectory = "/run/bebida";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private string Jobs => Path.Combine(directory, "jobs");

    private string Stopped => Path.Combine(directory, "stopped");

    /// <summary>Takes the lock that all prologs and epilogs of this node share.</summary>
    /// <param name="limit">How long to wait for it.</param>
    /// <returns>What releases it when disposed; the end of this process does too.</returns>
    /// <exception cref="TimeoutException">Another one has it for longer.</exception>
    public IDisposable Lock(TimeSpan limit)
    {
        var path = Path.Combine(directory, "lock");
        Directory.CreateDirectory(Jobs);
        for (var began = Stopwatch.GetTimestamp(); ; Thread.Sleep(Look))
            try
            {
                // Not shared: .NET takes flock(2) for it.
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(began) < limit)
            {
            }
            catch (IOException e)
            {
                throw new TimeoutException($"{path} is held by the prolog or epilog of another job: {e.Message}");
            }
    }

    /// <summary>The jobs whose prolog has run here and whose epilog has not.</summary>
    public IReadOnlyList<uint> ReadJobs() =>
        Directory.Exists(Jobs)
            ? [.. Directory.EnumerateFiles(Jobs).Select(file => uint.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var job) ? job : 0).Where(job => job > 0).Order()]
            : [];

    /// <summary>Notes that a job is here.</summary>
    /// <param name="job">Its number.</param>
    /// <param name="notice">One line for its user; empty for none.</param>
    public void AddJob(uint job, string notice) => Replace(JobFile(job), notice.Length > 0 ? notice + "\n" : "");

    /// <summary>Notes that a job has left; nothing when it was not here.</summary>
    public void RemoveJob(uint job) => File.Delete(JobFile(job));

    /// <summary>The services that were stopped and not yet started again, in the order of being stopped.</summary>
    public IReadOnlyList<string> ReadStopped() =>
        File.Exists(Stopped) ? [.. File.ReadAllLines(Stopped).Where(line => line.Length > 0)] : [];

    /// <summary>Notes a service that is about to be stopped.</summary>
    public void AddStopped(string unit)
    {
        var stopped = ReadStopped();
        if (!stopped.Contains(unit))
            Replace(Stopped, string.Concat(stopped.Append(unit).Select(line => line + "\n")));
    }

    /// <summary>Notes that a service needs nothing of us any more.</summary>
    public void RemoveStopped(string unit)
    {
        var left = ReadStopped().Where(other => other != unit).ToList();
        if (left.Count > 0)
            Replace(Stopped, string.Concat(left.Select(line => line + "\n")));
        else
            File.Delete(Stopped);
    }

    private string JobFile(uint job) => Path.Combine(Jobs, job.ToString(CultureInfo.InvariantCulture));

    // Whole or not at all, whenever this process is killed.
    private void Replace(string path, string text)
    {
        var draft = Path.Combine(directory, Path.GetFileName(path) + ".new");
        File.WriteAllText(draft, text);
        File.Move(draft, path, overwrite: true);
    }
}
