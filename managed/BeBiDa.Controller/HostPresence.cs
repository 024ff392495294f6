using BeBiDa.Jobs;

namespace BeBiDa.Controller;

/// <summary>Asks the slurmctld that we live in whether a job is still on its nodes.</summary>
internal sealed unsafe class HostPresence(delegate* unmanaged[Cdecl]<uint, int> presence) : IJobPresence
{
    /// <inheritdoc/>
    public Task<bool> IsOnItsNodesAsync(Job job, CancellationToken cancellationToken) =>
        // A request to slurmctld, which may be long in answering. Given up, it ends by itself.
        Task.Run(() => (Presence)presence(job.Id) != Presence.Gone, cancellationToken).WaitAsync(cancellationToken);
}
