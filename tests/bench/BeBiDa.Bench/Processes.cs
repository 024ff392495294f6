using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Lab;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Bench;

/// <summary>What both libraries weigh, and how soon they are there: what tests/bench/footprint.sh and node.sh print.</summary>
internal sealed partial class Processes : IMeasurement
{
    public string Name => "processes";

    public string Title => "Memory, start and size of the libraries";

    public async Task RunAsync(Settings settings, Section section)
    {
        var build = PluginBuild.Locate();
        section.Table(
            ["file", "size"],
            new[] { "libbebida_controller.so", "libbebida_node.so" }.Select(name =>
                (IReadOnlyList<string>)[$"`{name}`", Figures.Bytes(new FileInfo(Path.Combine(build.LibraryDirectory, name)).Length)]
            )
        );

        string[] load = settings.Of<string[]>(
            ["--jobs", "1500", "--wide-jobs", "50"],
            ["--jobs", "40", "--wide-jobs", "2", "--far-nodes", "20"]
        );
        var guest = await ScriptAsync(section, "footprint.sh", load);
        if (Memory().Match(guest) is { Success: true } memory)
        {
            var megabytes = double.Parse(memory.Groups[1].Value, CultureInfo.InvariantCulture);
            section.Claim(
                "memory added to slurmctld, after jobs of 1,000 nodes",
                "at most 40 MB",
                $"{megabytes:0} MB",
                megabytes <= 40,
                "code and data of the library and of .NET, its heap, and slurmctld's own allocations for more threads"
            );
        }
        var node = await ScriptAsync(section, "node.sh", [settings.Of("200", "5")]);
        if (Start().Match(node) is { Success: true } start)
            section.Claim(
                "start of the node's library",
                "at most 5 ms",
                $"{start.Groups[1].Value} ms",
                start.Groups[2].Value == "met",
                "what the runtime does before the first managed call"
            );
    }

    private static async Task<string> ScriptAsync(Section section, string name, string[] arguments)
    {
        var began = Stopwatch.GetTimestamp();
        var result = await Cli.Wrap(Path.Combine(PluginBuild.RepositoryRoot(), "tests", "bench", name))
            .WithArguments(arguments)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        section.Text($"`tests/bench/{name} {string.Join(' ', arguments)}`, {Figures.Time(Stopwatch.GetElapsedTime(began).TotalSeconds)}:");
        section.Verbatim(
            result.StandardOutput.Length > 0 ? result.StandardOutput : $"it ended with {result.ExitCode}: {result.StandardError}"
        );
        return result.StandardOutput;
    }

    [GeneratedRegex(@"resident memory added: ([\d.]+) MB")]
    private static partial Regex Memory();

    [GeneratedRegex(@"the runtime starts in +([\d.]+) ms \(target: .*, (met|MISSED)\)")]
    private static partial Regex Start();
}
