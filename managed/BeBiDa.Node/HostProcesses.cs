using System.Globalization;

namespace BeBiDa.Node;

/// <summary>The processes of this host.</summary>
/// <param name="folder">/proc, proc(5).</param>
internal sealed class HostProcesses(string folder = "/proc")
{
    // What comm has room for.
    private const int LongestName = 15;

    /// <summary>Root's processes whose program's name begins so, with their command lines.</summary>
    public IEnumerable<(int Id, string[] Words)> OfRoot(string program)
    {
        foreach (var path in Directory.EnumerateDirectories(folder))
            if (
                int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && Words(id, program) is { } words
            )
                yield return (id, words);
    }

    /// <summary>The command line of a process of root's, if its program's name begins so.</summary>
    /// <returns>Null if it does not, or has ended.</returns>
    public string[]? Words(int id, string program)
    {
        // By its name first: the command line of a process that is stuck in the kernel cannot be read.
        return Name(id).StartsWith(program.Length > LongestName ? program[..LongestName] : program, StringComparison.Ordinal) && IsRoots(id)
            ? Read(id, "cmdline")?.Split('\0')
            : null;
    }

    /// <summary>The network namespaces that processes are in, such as <c>net:[4026531840]</c>.</summary>
    public IReadOnlySet<string> Networks() =>
        Directory
            .EnumerateDirectories(folder)
            .Where(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(path => LinkTarget(Path.Combine(path, "ns", "net")))
            .OfType<string>()
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>The name of a process's program, up to 15 characters; empty if it has ended.</summary>
    public string Name(int id) => Read(id, "comm")?.TrimEnd('\n') ?? "";

    /// <summary>Who has started a process; 0 if it has ended.</summary>
    public int Parent(int id)
    {
        const string field = "PPid:\t";
        var line = Status(id).FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line.AsSpan(field.Length), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Whether a process is no container's: one that has PIDs of its own has its own services, too (kind, k3d).</summary>
    public bool IsOfThisHost(int id) =>
        LinkTarget(Path.Combine(folder, id.ToString(CultureInfo.InvariantCulture), "ns", "pid")) is { } target
        && target == LinkTarget("/proc/self/ns/pid");

    // Null if the process has ended.
    private static string? LinkTarget(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Anyone may name a process as they like. The real user: a slurmstepd changes its effective one at times.
    private bool IsRoots(int id) => Status(id).Any(line => line.StartsWith("Uid:\t0\t", StringComparison.Ordinal));

    private string[] Status(int id) => Read(id, "status")?.Split('\n') ?? [];

    private string? Read(int id, string file) => KernelFile.Read(Path.Combine(folder, id.ToString(CultureInfo.InvariantCulture), file));
}
