using BeBiDa.Border;
using BeBiDa.Jobs;

namespace BeBiDa.Controller;

/// <summary>Asks the slurmctld that we live in whether a job is still on its nodes.</summary>
internal sealed class HostPresence : IJobPresence
{
    // Each question is a request to slurmctld: a thousand jobs that end at once must not ask it a thousand times at once.
    private const int AtOnce = 2;

    private readonly SemaphoreSlim asking = new(AtOnce);
    private readonly unsafe delegate* unmanaged[Cdecl]<uint, int> presence;

    /// <summary>Gets ready to ask by bebida_host.presence.</summary>
    public unsafe HostPresence(delegate* unmanaged[Cdecl]<uint, int> presence) => this.presence = presence;

    /// <inheritdoc/>
    public async Task<bool> IsOnItsNodesAsync(Job job, CancellationToken cancellationToken)
    {
        await asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        // Given up by the caller, a question goes on until it is answered, and counts until then.
        return await Task.Run(() => Ask(job.Id), CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private unsafe bool Ask(uint job)
    {
        try
        {
            return (Presence)presence(job) != Presence.Gone;
        }
        finally
        {
            asking.Release();
        }
    }
}
