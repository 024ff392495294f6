using System.Buffers.Binary;
using BeBiDa.Lab;

namespace BeBiDa.Footprint;

/// <summary>How long the plugin's hooks took while slurmctld held its locks, as prep/timed (timed.c) writes it down.</summary>
public sealed class HookTimes
{
    private const int Word = sizeof(ulong);
    private const int CallSize = 5 * Word;
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
        times = new HookTimes(file);
        var ours = new Dictionary<string, string>
        {
            ["BEBIDA_TIMED_PLUGIN"] = Path.Combine(slurm.PluginDirectory!, "prep_bebida.so"),
            ["BEBIDA_TIMED_FILE"] = file,
        };
        return slurm with
        {
            PrEpPlugins = [.. slurm.PrEpPlugins.Select(plugin => plugin == "prep/bebida" ? "prep/timed" : plugin)],
            PluginDirectory = TestPlugins.FolderOf("timed"),
            ControllerEnvironment = slurm.ControllerEnvironment.Concat(ours).ToDictionary(),
            // slurmd loads it too, and calls none of its hooks.
            NodeEnvironment = slurm.NodeEnvironment.Concat(ours).ToDictionary(),
        };
    }

    /// <summary>What was timed from one call on, of one hook.</summary>
    /// <param name="first">The number of the first.</param>
    /// <param name="epilog">Whether of the epilog hook.</param>
    /// <param name="described">Whether only slurmctld's own part: what describes a job to its prologs.</param>
    public IReadOnlyList<HookTime> From(int first, bool epilog, bool described)
    {
        var all = File.ReadAllBytes(file);
        var calls = new List<HookTime>();
        for (var i = first; i < Math.Min(Count, Room); i++)
        {
            var call = all.AsSpan(Word + i * CallSize, CallSize);
            if (Number(call, 0) == (epilog ? 1 : 0) && Number(call, 1) == (described ? 1 : 0))
                calls.Add(new HookTime(Number(call, 2) / 1000.0, Number(call, 3) / 1000.0, Number(call, 4)));
        }
        return calls;
    }

    private static long Number(ReadOnlySpan<byte> call, int word) => BinaryPrimitives.ReadInt64LittleEndian(call[(word * Word)..]);
}

/// <summary>One call, in microseconds.</summary>
/// <param name="Wall">By the clock: so long slurmctld's locks were held.</param>
/// <param name="Processor">Of the thread itself: without what others took of the machine meanwhile.</param>
/// <param name="Waits">How often it gave its processor up of itself, as for a lock or a disk.</param>
public readonly record struct HookTime(double Wall, double Processor, long Waits);
