using BeBiDa.Jobs;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.ResourceManagers;

/// <summary>How a hook can end, other than well.</summary>
internal enum HookFailure
{
    /// <summary>The hand-over was not done, and the configuration does not let the job start without it (or it is an epilog's).</summary>
    NotHandedOver,

    /// <summary>The hook was called in a way, or with a configuration, that cannot be used: not this job's fault, and every job's trouble.</summary>
    WrongUse,
}

/// <summary>A resource manager that runs bebidactl as its prolog and epilog: how it describes a job, and what an exit code means to it.</summary>
/// <param name="word">Its word on the command line, which names its cluster too where nobody names it.</param>
/// <param name="name">Its name, for people.</param>
internal abstract class ResourceManager(string word, string name)
{
    /// <summary>All that <c>--manager</c> takes.</summary>
    public static IReadOnlyList<ResourceManager> All { get; } = [new Slurm(), new Torque(), new Oar(), new GridEngine(), new AnyOther()];

    /// <summary>Its word on the command line.</summary>
    public string Word => word;

    /// <summary>Its name, for people.</summary>
    public string Name => name;

    /// <summary>Reads the job.</summary>
    /// <exception cref="FormatException">This is not how the resource manager calls its hooks.</exception>
    /// <exception cref="Configuration.ConfigurationException">The list of nodes cannot be expanded.</exception>
    public abstract Task<Job> ReadAsync(HookCall call, CancellationToken cancellationToken);

    /// <summary>What to exit with, so that as little as can be is hurt.</summary>
    public abstract int ExitCodeOf(HookFailure failure, HookCall call);

    /// <summary>Whom to ask whether the job has left its nodes when its epilog runs; null where epilogs run after that.</summary>
    public virtual IJobPresence? Presence(ILogger logger) => null;
}
