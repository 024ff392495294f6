namespace BeBiDa.Node.Pods;

/// <summary>What is mounted somewhere.</summary>
/// <param name="Point">Where.</param>
/// <param name="Type">The type of its file system.</param>
/// <param name="Root">What of the file system is mounted; of a namespace its name, such as <c>net:[4026531840]</c>.</param>
internal readonly record struct Mount(string Point, string Type, string Root)
{
    /// <summary>All mounts, in their order.</summary>
    /// <param name="file">/proc/self/mountinfo, proc_pid_mountinfo(5).</param>
    public static IEnumerable<Mount> ReadAll(string file)
    {
        foreach (var line in File.ReadLines(file))
        {
            // … root, mount point, options, optional fields, "-", type, source, options
            var fields = line.Split(' ');
            var separator = Array.IndexOf(fields, "-");
            if (separator >= 5)
                yield return new Mount(Unescape(fields[4]), fields[separator + 1], Unescape(fields[3]));
        }
    }

    // A space is \040.
    private static string Unescape(string text)
    {
        for (var at = text.IndexOf('\\', StringComparison.Ordinal); at >= 0 && at + 3 < text.Length; at = text.IndexOf('\\', at + 1))
            text = $"{text[..at]}{(char)Convert.ToInt32(text[(at + 1)..(at + 4)], 8)}{text[(at + 4)..]}";
        return text;
    }
}
