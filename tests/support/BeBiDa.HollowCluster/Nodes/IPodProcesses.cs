using k8s.Models;

namespace BeBiDa.Hollow.Nodes;

/// <summary>Real processes behind hollow pods, for a kubelet whose pods must show up on the machine.</summary>
public interface IPodProcesses
{
    /// <summary>Starts the pod's process.</summary>
    IPodProcess Start(V1Pod pod);

    /// <summary>The process that an earlier kubelet left running for the pod, if it still runs.</summary>
    IPodProcess? Find(V1Pod pod);

    /// <summary>Ends what is left of pods that are gone.</summary>
    /// <param name="pods">The uids of those that are there.</param>
    /// <param name="grace">What it gets to end by itself.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task EndOthersAsync(IReadOnlySet<string> pods, TimeSpan grace, CancellationToken cancellationToken);
}

/// <summary>The process of one pod.</summary>
public interface IPodProcess
{
    /// <summary>Its exit code, once it has ended; 0 where nobody could ask for it.</summary>
    Task<int> Exited { get; }

    /// <summary>Asks it to end (SIGTERM), and makes it end (SIGKILL) after its grace.</summary>
    Task EndAsync(TimeSpan grace, CancellationToken cancellationToken);
}
