[assembly: LevelOfParallelism(16)]

namespace BeBiDa.Nodes.Tests;

/// <summary>The machines of each kind are started once: booting them is what takes time.</summary>
[SetUpFixture]
public sealed class SharedLab
{
    private static readonly Dictionary<NodeKind, SharedLab> s_labs = NodeKinds.All.ToDictionary(kind => kind, kind => new SharedLab(kind));

    // Machines that boot take all processors: many labs at once are no sooner there than one after another.
    private static readonly SemaphoreSlim s_booting = new(1);

    // Beside the shared labs, two more are what the machine can take.
    private static readonly SemaphoreSlim s_own = new(2);

    private readonly NodeKind kind;
    private readonly SemaphoreSlim turn = new(1);
    private ContainerLab? lab;

    public SharedLab() { }

    private SharedLab(NodeKind kind) => this.kind = kind;

    /// <summary>
    /// Waits for the turn of a fixture: those of one kind share a lab and run one after the other, while those of the
    /// other kind run beside them.
    /// </summary>
    internal static async Task<ContainerLab> TakeAsync(NodeKind kind)
    {
        var shared = s_labs[kind];
        await shared.turn.WaitAsync();
        try
        {
            return shared.lab ??= await StartAsync(NodesTest.Options with { Kind = kind });
        }
        catch
        {
            shared.turn.Release();
            throw;
        }
    }

    /// <summary>Waits for the turn of a fixture that has a lab for itself, and starts it.</summary>
    internal static async Task<ContainerLab> StartOwnAsync(ContainerLabOptions options)
    {
        await s_own.WaitAsync();
        try
        {
            return await StartAsync(options);
        }
        catch
        {
            s_own.Release();
            throw;
        }
    }

    /// <summary>Ends the lab of one fixture.</summary>
    internal static async Task EndOwnAsync(ContainerLab lab)
    {
        try
        {
            await lab.DisposeAsync();
        }
        finally
        {
            s_own.Release();
        }
    }

    private static async Task<ContainerLab> StartAsync(ContainerLabOptions options)
    {
        await s_booting.WaitAsync();
        try
        {
            var lab = await ContainerLab.StartAsync(options);
            await NodesTest.PrepareAsync(lab);
            return lab;
        }
        finally
        {
            s_booting.Release();
        }
    }

    internal static void GiveBack(NodeKind kind) => s_labs[kind].turn.Release();

    [OneTimeSetUp]
    public async Task HaveDockerAsync()
    {
        if (await ContainerLab.WhyNotAsync() is { } why)
            Assert.Ignore($"Docker does not run here: {why}");
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var shared in s_labs.Values)
            if (shared.lab is not null)
                await shared.lab.DisposeAsync();
    }
}
