using System.Buffers.Binary;
using BeBiDa.Lab;

namespace BeBiDa.Guest;

/// <summary>How long the plugin's hooks took while slurmctld held its locks, as prep/timed (timed.c) writes it down.</summary>
public sealed class HookTimes
{
    private const int Word = sizeof(ulong);
    private const int CallSize = 4 * Word;
    private const int Room = 1 << 17; // TIMED_CALLS

    private readonly string file;

    private HookTimes(string file) => this.file = file;

    /// <summary>How many calls there were so far.</summary>
    public int Count
    {
        get
        {
            using var stream = File.OpenRead(file);
            Span<byte> count = stackalloc byte[Word];
            stream.ReadExactly(count);
            return (int)BinaryPrimitives.ReadUInt64LittleEndian(count);
        }
    }

    /// <summary>A Slurm with prep/timed around prep/bebida.</summary>
    /// <param name="slurm">Slurm with the plugin.</param>
    /// <param name="file">Where the times go.</param>
    /// <param name="times">What reads them.</param>
    public static SlurmOptions Around(SlurmOptions slurm, string file, out HookTimes times)
    {
        var timed = Path.Combine(PluginBuild.RepositoryRoot(), "build", "release", "tests", "guest");
        if (!File.Exists(Path.Combine(timed, "prep_timed.so")))
            throw new LabException($"There is no prep_timed.so in {timed}: cmake --preset release && cmake --build --preset release");
        times = new HookTimes(file);
        var ours = new Dictionary<string, string>
        {
            ["BEBIDA_TIMED_PLUGIN"] = Path.Combine(slurm.PluginDirectory!, "prep_bebida.so"),
            ["BEBIDA_TIMED_FILE"] = file,
        };
        return slurm with
        {
            PrEpPlugins = [.. slurm.PrEpPlugins.Select(plugin => plugin == "prep/bebida" ? "prep/timed" : plugin)],
            PluginDirectory = timed,
            ControllerEnvironment = slurm.ControllerEnvironment.Concat(ours).ToDictionary(),
            // slurmd loads it too, and calls none of its hooks.
            NodeEnvironment = slurm.NodeEnvironment.Concat(ours).ToDictionary(),
        };
    }

    /// <summary>The calls from one on, of one hook, sorted by wall time.</summary>
    public IReadOnlyList<HookTime> From(int first, bool epilog)
    {
        var all = File.ReadAllBytes(file);
        var calls = new List<HookTime>();
        for (var i = first; i < Math.Min(Count, Room); i++)
        {
            var call = all.AsSpan(Word + i * CallSize, CallSize);
            if (BinaryPrimitives.ReadUInt64LittleEndian(call) == (epilog ? 1UL : 0))
                calls.Add(new HookTime(Microseconds(call, 1), Microseconds(call, 2), Microseconds(call, 3)));
        }
        calls.Sort((a, b) => a.Wall.CompareTo(b.Wall));
        return calls;
    }

    private static double Microseconds(ReadOnlySpan<byte> call, int word) => BinaryPrimitives.ReadUInt64LittleEndian(call[(word * Word)..]) / 1000.0;
}

/// <summary>One call of a hook, in microseconds.</summary>
/// <param name="Wall">By the clock: so long slurmctld's locks were held.</param>
/// <param name="Processor">Of the thread itself: without what others took of the machine meanwhile.</param>
/// <param name="Description">Of that, what slurmctld's own function takes that describes a job to its prologs.</param>
public readonly record struct HookTime(double Wall, double Processor, double Description);
