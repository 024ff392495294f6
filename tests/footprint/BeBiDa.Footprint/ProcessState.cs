using System.Globalization;
using System.Text.RegularExpressions;

namespace BeBiDa.Footprint;

/// <summary>A thread as /proc tells of it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Name">Its name, cut to 15 bytes by the kernel.</param>
/// <param name="Blocked">The signals that it does not take.</param>
public sealed record ThreadState(int Id, string Name, SignalSet Blocked)
{
    /// <summary>Whether it is one of the plugin's or of its runtime's.</summary>
    public bool IsOurs => Name.StartsWith("bebida_", StringComparison.Ordinal) || Name.StartsWith(".NET ", StringComparison.Ordinal);
}

/// <summary>An open file as /proc tells of it.</summary>
/// <param name="Number">The descriptor.</param>
/// <param name="Target">What it is open on.</param>
/// <param name="ClosesOnExec">Whether a program that the process executes does not get it.</param>
public sealed record DescriptorState(int Number, string Target, bool ClosesOnExec)
{
    /// <summary>What it is open on without what differs between two processes: <c>socket</c>, <c>anon_inode:[eventfd]</c>, a path.</summary>
    public string Kind => Regex.Replace(Target, @":\[\d+\]$", "");
}

/// <summary>A process at one moment, from outside.</summary>
public sealed record ProcessState
{
    private const int CloseOnExec = 0x80000; // O_CLOEXEC, as /proc/<pid>/fdinfo shows it: 02000000

    /// <summary>Its threads.</summary>
    public required IReadOnlyList<ThreadState> Threads { get; init; }

    /// <summary>Its open files.</summary>
    public required IReadOnlyList<DescriptorState> Descriptors { get; init; }

    /// <summary>The signals that it has handlers for.</summary>
    public required SignalSet Caught { get; init; }

    /// <summary>The signals that it ignores.</summary>
    public required SignalSet Ignored { get; init; }

    /// <summary>Its memory, in bytes: what is in RAM.</summary>
    public required long Resident { get; init; }

    /// <summary>That part of it that is no file's, in bytes: what leaks show in.</summary>
    public required long Anonymous { get; init; }

    /// <summary>Its threads that are the plugin's or its runtime's.</summary>
    public IReadOnlyList<ThreadState> OurThreads => [.. Threads.Where(thread => thread.IsOurs)];

    /// <summary>Reads a process.</summary>
    public static ProcessState Read(int process)
    {
        var status = Fields($"/proc/{process}/status");
        return new ProcessState
        {
            Threads = [.. Entries($"/proc/{process}/task").Select(ReadThread).OfType<ThreadState>()],
            Descriptors =
            [
                .. Entries($"/proc/{process}/fdinfo")
                    .Select(info => ReadDescriptor(process, info))
                    .OfType<DescriptorState>()
                    .OrderBy(d => d.Number),
            ],
            Caught = SignalSet.Parse(status["SigCgt"]),
            Ignored = SignalSet.Parse(status["SigIgn"]),
            Resident = Kilobytes(status["VmRSS"]),
            Anonymous = Kilobytes(status["RssAnon"]),
        };
    }

    /// <summary>What stands in a status file of /proc, or was copied from one, by name.</summary>
    public static IReadOnlyDictionary<string, string> Fields(string path) =>
        File.ReadLines(path)
            .Select(line => line.Split(':', 2))
            .Where(field => field.Length == 2)
            .ToDictionary(field => field[0], field => field[1].Trim());

    /// <summary>The process that this one has started and that still runs, by name.</summary>
    public static int? Child(int process, string name)
    {
        foreach (var children in Directory.GetDirectories($"/proc/{process}/task").Select(task => Path.Combine(task, "children")))
        foreach (var child in File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            if (File.ReadAllText($"/proc/{child}/comm").Trim() == name)
                return int.Parse(child, CultureInfo.InvariantCulture);
        return null;
    }

    private static string[] Entries(string directory) => Directory.GetFileSystemEntries(directory);

    // Threads end, and files are closed, while they are read.
    private static ThreadState? ReadThread(string task)
    {
        try
        {
            var status = Fields(Path.Combine(task, "status"));
            return new ThreadState(
                int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture),
                status["Name"],
                SignalSet.Parse(status["SigBlk"])
            );
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static DescriptorState? ReadDescriptor(int process, string info)
    {
        try
        {
            var number = int.Parse(Path.GetFileName(info), CultureInfo.InvariantCulture);
            var flags = Convert.ToInt32(Fields(info)["flags"], 8);
            return new FileInfo($"/proc/{process}/fd/{number}").LinkTarget is { } target
                ? new DescriptorState(number, target, (flags & CloseOnExec) != 0)
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Kilobytes(string text) => long.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture) * 1024;
}
