using BeBiDa.Hollow.Nodes;
using k8s.Models;

namespace BeBiDa.Hollow.Scheduling;

/// <summary>A node as the scheduler sees it: what it offers, and which pods it has, bound or about to be.</summary>
internal sealed class NodeLoad(string name)
{
    private readonly Dictionary<string, (PodRequests Requests, string? Owner)> _pods = [];
    private readonly Dictionary<string, int> _perOwner = [];
    private decimal _cpu;
    private decimal _cpuOffered;
    private int _podsOffered;

    public string Name { get; } = name;

    public V1Node? Node { get; private set; }

    public void Offer(V1Node? node)
    {
        Node = node;
        if (node is null)
            return;
        _cpuOffered = PodRequests.Allocatable(node, "cpu");
        _podsOffered = (int)PodRequests.Allocatable(node, "pods");
    }

    public void Add(V1Pod pod)
    {
        var requests = PodRequests.Of(pod.Spec);
        var owner = pod.Metadata.OwnerReferences?.FirstOrDefault(reference => reference.Controller == true)?.Uid;
        if (!_pods.TryAdd(pod.Metadata.Uid, (requests, owner)))
            return;
        _cpu += requests.Cpu;
        if (owner is not null)
            _perOwner[owner] = _perOwner.GetValueOrDefault(owner) + 1;
    }

    public bool Remove(V1Pod pod)
    {
        if (!_pods.Remove(pod.Metadata.Uid, out var known))
            return false;
        _cpu -= known.Requests.Cpu;
        if (known.Owner is not null && --_perOwner[known.Owner] == 0)
            _perOwner.Remove(known.Owner);
        return true;
    }

    /// <summary>Why the pod cannot come here; null if it can.</summary>
    public string? Refuses(V1PodSpec pod, PodRequests requests)
    {
        if (Node is null)
            return "gone";
        if (!Node.AdmitsWhileCordoned(pod))
            return "unschedulable";
        if (!pod.WantsNode(Node))
            return "not wanted by node affinity or selector";
        if (!Node.Admits(pod))
            return "tainted";
        if (!NodeObject.IsReady(Node) && !pod.Tolerates(new V1Taint { Key = Taints.NotReady, Effect = "NoSchedule" }))
            return "not ready";
        if (_pods.Count >= _podsOffered)
            return "too many pods";
        if (requests.Cpu > 0 && _cpu + requests.Cpu > _cpuOffered)
            return "not enough cpu";
        return null;
    }

    /// <summary>The lower, the better: first few pods of the same owner, then a low share in use.</summary>
    public (int Siblings, decimal Share) Score(string? owner)
    {
        var share = (decimal)_pods.Count / Math.Max(_podsOffered, 1);
        if (_cpuOffered > 0)
            share = Math.Max(share, _cpu / _cpuOffered);
        return (owner is null ? 0 : _perOwner.GetValueOrDefault(owner), share);
    }
}
