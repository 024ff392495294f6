using System.Globalization;

namespace BeBiDa.Cli.Reports;

/// <summary>The folder of a journal: a file for each day of UTC.</summary>
internal static class JournalFolder
{
    /// <summary>Where it is unless somebody says otherwise.</summary>
    public const string Default = "/var/lib/bebida/record";

    private const string Day = "yyyy-MM-dd";
    private const string Ending = ".jsonl";

    /// <summary>Whether this host has a journal in its usual place.</summary>
    public static bool IsUsed => Directory.Exists(Default) && Directory.EnumerateFiles(Default, "*" + Ending).Any();

    /// <summary>The file of a day.</summary>
    public static string File(string folder, DateOnly day) =>
        Path.Combine(folder, day.ToString(Day, CultureInfo.InvariantCulture) + Ending);

    /// <summary>All files, oldest first.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static IReadOnlyList<(DateOnly Day, string File)> Files(string folder) =>
        Directory.Exists(folder)
            ?
            [
                .. Directory
                    .EnumerateFiles(folder, "*" + Ending)
                    .Select(file =>
                        (
                            IsDay: DateOnly.TryParseExact(
                                Path.GetFileNameWithoutExtension(file),
                                Day,
                                CultureInfo.InvariantCulture,
                                DateTimeStyles.None,
                                out var day
                            ),
                            Day: day,
                            File: file
                        )
                    )
                    .Where(found => found.IsDay)
                    .Select(found => (found.Day, found.File))
                    .OrderBy(found => found.Day),
            ]
            : [];
}
