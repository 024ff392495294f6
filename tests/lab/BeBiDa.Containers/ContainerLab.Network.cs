namespace BeBiDa.Containers;

/// <summary>What a machine is cut off from.</summary>
public enum Cut
{
    /// <summary>The Kubernetes API only.</summary>
    Api,

    /// <summary>Every other machine.</summary>
    Everything,
}

public sealed partial class ContainerLab
{
    /// <summary>
    /// Cuts a machine off, as a pulled cable would: its packets vanish both ways, also those of open connections, and
    /// nobody is told. It is done with iptables on the machine itself, so a reboot heals it.
    /// </summary>
    public async Task DisconnectAsync(string machine, Cut cut, CancellationToken cancellationToken = default)
    {
        var (from, to) = cut == Cut.Api ? ($"-s {Client.BaseUri.Host}", $"-d {Client.BaseUri.Host}") : ("! -i lo", "! -o lo");
        await OnAsync(machine, $"iptables -A INPUT {from} -j DROP && iptables -A OUTPUT {to} -j DROP", cancellationToken);
    }

    /// <summary>Undoes every cut of a machine.</summary>
    public Task ConnectAsync(string machine, CancellationToken cancellationToken = default) =>
        OnAsync(machine, "iptables -F INPUT && iptables -F OUTPUT", cancellationToken);

    /// <summary>Cuts slurmctld's machine off from the Kubernetes API.</summary>
    public Task CutApiAsync(CancellationToken cancellationToken = default) => DisconnectAsync(Controller, Cut.Api, cancellationToken);

    /// <summary>Undoes <see cref="CutApiAsync"/>.</summary>
    public Task HealApiAsync(CancellationToken cancellationToken = default) => ConnectAsync(Controller, cancellationToken);

    private async Task OnAsync(string machine, string script, CancellationToken cancellationToken) =>
        (await ExecAsync(machine, ["sh", "-c", script], cancellationToken: cancellationToken)).EnsureSucceeded();
}
